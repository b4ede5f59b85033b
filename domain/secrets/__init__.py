"""What is masked before anything is recorded: known values, their forms, and shapes that look like secrets."""

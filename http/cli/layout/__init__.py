"""What commands print for people: tables that fit the terminal, ages, amounts. Without rich, which takes long to import."""

"""Files that may come from others: our own code looks at them before SQLite, or anything else, follows them."""

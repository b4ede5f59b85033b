"""Files that somebody else may have put there: looked at by our own eyes before SQLite, or anything else, follows them."""

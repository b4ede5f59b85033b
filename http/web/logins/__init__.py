"""Logins of the page: a browser's cookie stands for a token."""

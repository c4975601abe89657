"""What a game tells in; sentences, tables of answers and a page for people out."""

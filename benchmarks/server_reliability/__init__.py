"""Servers that are misused in; what they answer, what they count and what they leave behind out."""

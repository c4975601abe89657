"""Fragments, texts and modules in; the pages that ``flaneur serve`` shows out."""

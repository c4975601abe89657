"""Claims of the README in; measurements side by side out. How to run them: benchmarks/README.md."""

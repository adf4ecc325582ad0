"""What is measured: each module's `rows` are one group of figures."""

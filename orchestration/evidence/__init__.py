"""What the stored probabilities of test subjects show: scores, tests, tables, figures."""

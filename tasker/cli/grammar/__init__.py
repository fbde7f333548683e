"""What was typed: the verbs, their options, and what the words mean. Asks no service and prints nothing."""

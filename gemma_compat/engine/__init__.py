"""Rules judged against facts: what a rule is, the engine, the plan, and what the matrix says."""

"""Problems whose answer is a program: rows of their files, assembly, inputs, the grader."""

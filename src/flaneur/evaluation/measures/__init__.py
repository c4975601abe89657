"""What a model said in; numbers with their intervals out: nothing here runs a network or opens a photo."""

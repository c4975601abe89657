"""The one polite HTTP client: time-outs, retries, rates, budget, redaction."""

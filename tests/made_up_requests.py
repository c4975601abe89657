"""What schemathesis is told before it makes requests up: real pictures, and what no description can say."""

HOOKS = """
import schemathesis
from hypothesis import strategies
from photos import drawn, jpeg
for kind in ("image/jpeg", "image/png", "image/webp"):
    schemathesis.openapi.media_type(kind, strategies.sampled_from([jpeg(drawn(seed)) for seed in range(3)]))

@schemathesis.hook
def filter_case(context, case):
    if not isinstance(case.body, dict):
        return True
    if case.meta.generation.mode.is_positive:  # a city is not held against itself, nor against a photo's first choice
        return "against" not in case.body
    # In a form, a list of one word is that word: nobody can tell that it breaks the description.
    return not any(isinstance(value, (list, dict)) for name, value in case.body.items() if name != "photo")
"""

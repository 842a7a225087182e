WORDS = set(open("words.txt").read().split())


def ladder(sample):
    """A word ladder such as `cold cord card ward warm`; the reference is `cold warm`."""
    if not sample.reference:
        return None                                  # nothing to judge: masked, not 0
    first, last = sample.reference.split()
    steps = sample.response.strip().split("\n")[-1].lower().split()
    real = sum(word in WORDS for word in steps)
    near = sum(len(a) == len(b) and sum(x != y for x, y in zip(a, b)) == 1 for a, b in zip(steps, steps[1:]))
    good = steps[:1] == [first] and steps[-1:] == [last] and real == len(steps) == near + 1
    return {"reward": 1.0 if good else 0.0, "steps": len(steps), "real_words": real}

"""One colour for one meaning, on every dashboard."""

GOOD, FAIR, BAD = "green", "orange", "red"
NEUTRAL = "blue"
LIMIT = "#8e8e8e"

# What a series is called when its legend is the value of a label.
WORDS = {
    # a server connection's states
    "used": "blue", "pinned": "purple", "idle": "green", "connecting": "yellow", "checking": "super-light-yellow",
    "resetting": "light-orange", "cancelling": "light-red", "closing": "#8e8e8e",
    # who waits, and for what
    "waiting": "orange", "active": "blue", "login": "yellow", "known": "#8e8e8e", "saturated": "red",
    "disabled": "dark-purple",
    "pool_full": "orange", "budget": "red", "state_sync": "purple", "paused": "#8e8e8e", "breaker": "dark-red",
    "same_tenant": "orange", "other_tenant": "red",
    # how it ended
    "ok": "green", "clean": "green", "commit": "green", "hit": "green", "exported": "green", "waited": "orange",
    "created": "yellow", "stolen": "red", "timeout": "orange", "rejected": "red", "error": "dark-red",
    "failed": "red", "cancelled": "#8e8e8e", "broken": "red", "reset": "light-orange", "rollback": "yellow",
    "abandoned": "purple", "miss": "yellow", "unsampled": "#8e8e8e",
    # whose connections a server has
    "this_agent": "blue", "others": "orange", "reserved": "#8e8e8e",
    # a breaker's states
    "closed": "green", "half_open": "yellow", "open": "red",
    # quantiles
    "p50": "blue", "p99": "orange",
}


def steps(*bounds):
    """steps(1) is good below 1 and bad from there; steps(1, 5) is fair between. Falling bounds: less is worse."""
    if len(bounds) == 1:
        return _ordered([(None, GOOD), (bounds[0], BAD)])
    first, second = bounds
    if first < second:
        return _ordered([(None, GOOD), (first, FAIR), (second, BAD)])
    return _ordered([(None, BAD), (second, FAIR), (first, GOOD)])


def plain(colour=NEUTRAL):
    """A number that is neither good nor bad."""
    return _ordered([(None, colour)])


def _ordered(pairs):
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in pairs]}


# Of the acquires within the promised time, see queries.py.
PROMISED = steps(0.999, 0.99)

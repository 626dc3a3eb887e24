"""How good are recommendations? Judged on what came after them, by rolling global time, with intervals over users."""

"""The tables of how a window's clustering came about: the k that were tried, and the tree that can be cut anywhere."""

from interest_platform.domain.contract import Column, Table, Type

_VECTORS = ("user_interests.vector",)

K_CURVES = Table(
    "k_curves",
    "a number of clusters that was tried in this window; none where k is fixed or no rule scores every k",
    ("k",),
    (
        Column("k", Type.INTEGER, "Number of clusters."),
        Column("chosen", Type.BOOLEAN, "Whether the rule chose it."),
        Column("rule", Type.VARCHAR, "The rule that chose: `cluster_snapshots.k_method`."),
        Column("silhouette", Type.DOUBLE, "Mean cosine silhouette; null with one cluster.", True, _VECTORS),
        Column("inertia", Type.DOUBLE, "Sum of cosine distances to the centroids.", sources=_VECTORS),
        Column("bic", Type.DOUBLE, "Bayesian information criterion, lower is better; null without.", True, _VECTORS),
        Column("gap", Type.DOUBLE, "Gap statistic; null unless the rule is `gap`.", True, _VECTORS),
        Column("gap_error", Type.DOUBLE, "Standard error of the gap.", True, _VECTORS),
        Column(
            "stability",
            Type.DOUBLE,
            "Mean adjusted Rand index between clusterings of halves; null unless the rule is `stability`.",
            True,
            _VECTORS,
        ),
        Column("strength", Type.DOUBLE, "Mean prediction strength over the halves.", True, _VECTORS),
        Column("strength_error", Type.DOUBLE, "Standard error of the prediction strength.", True, _VECTORS),
        Column(
            "agreement",
            Type.DOUBLE,
            "Adjusted mutual information of users' halves about the clusters; null unless the rule is `carried`.",
            True,
            ("user_interests.half",),
        ),
        Column("entropy", Type.DOUBLE, "Entropy of the clusters' shares then, in nats.", True, _VECTORS),
        Column("seconds", Type.DOUBLE, "How long it took to measure."),
    ),
)

CARRIED_SEGMENTS = Table(
    "carried_segments",
    "a segment that k_rule carried knows of after this window, whether or not a user is in it",
    ("lineage",),
    (
        Column(
            "lineage",
            Type.VARCHAR,
            "What it is called from its first window to its last: the key of that window, a dot and a number.",
        ),
        Column(
            "state",
            Type.VARCHAR,
            "`live`; `quiet`: nobody of this window is in it; `ended`; `joined`: ended, its users are others' now.",
        ),
        Column(
            "cluster_id",
            Type.INTEGER,
            "The window's cluster that it is; null where no user is in it.",
            True,
            ("cluster_snapshots.cluster_id",),
        ),
        Column("age", Type.INTEGER, "Windows since it began, or since it ended where it has."),
        Column(
            "event",
            Type.VARCHAR,
            "What happened to it here: birth, split (it is a part), merge (it is the whole), death; else null.",
            True,
        ),
        Column("parents", Type.TEXTS, "The lineages that it came from in this window."),
        Column("reason", Type.VARCHAR, "Why that is believed.", True),
        Column("began_ago", Type.INTEGER, "How many windows ago that began: 1 where this one has confirmed it.", True),
        Column("centroid", Type.VECTOR, "Where it is, by the users of the last windows.", sources=_VECTORS),
        Column(
            "theme",
            Type.VARCHAR,
            "Its theme, a coarser group; null where there is none, or it began since.",
            True,
            _VECTORS,
        ),
        Column("went_on", Type.BOOLEAN, "Whether the last window's segments were carried on, or this is a beginning."),
        Column("encoder", Type.VARCHAR, "Fingerprint of the encoder that the centroid is of."),
        Column("measured_ago", Type.INTEGER, "Windows since their number was last measured; null: never.", True),
        Column(
            "chosen_of", Type.INTEGER, "The largest number that could be measured when it was chosen; null: none.", True
        ),
        Column("sharpness", Type.DOUBLE, "How sharply a vector tells its segment.", sources=_VECTORS),
        Column("moving", Type.DOUBLE, "Share of returning users that are anywhere by the shares.", sources=_VECTORS),
    ),
)

CLUSTER_TREES = Table(
    "cluster_trees",
    "a node of the tree of this window's clusters; none where the method has no tree",
    ("node",),
    (
        Column("node", Type.INTEGER, "Number of the node: the leaves first, from left to right; the root last."),
        Column("parent", Type.INTEGER, "The node it was merged into; null for the root.", True, _VECTORS),
        Column("height", Type.DOUBLE, "Ward's distance at which it was merged, 0 for one vector.", sources=_VECTORS),
        Column("size", Type.INTEGER, "Members (interests) below it.", sources=("cluster_members.leaf",)),
        Column("first_leaf", Type.INTEGER, "First leaf below it (`cluster_members.leaf`)."),
        Column("last_leaf", Type.INTEGER, "Last leaf below it; all leaves between are below it too."),
        Column("k_from", Type.INTEGER, "The smallest k whose cut has the node as a cluster."),
        Column(
            "k_to", Type.INTEGER, "The largest k whose cut has the node as a cluster: a cut is `k between` the two."
        ),
        Column(
            "cluster_id",
            Type.INTEGER,
            "The window's cluster that it is a part of; null where it spans several.",
            True,
            ("cluster_members.cluster_id",),
        ),
    ),
)

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
        Column("seconds", Type.DOUBLE, "How long it took to measure."),
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

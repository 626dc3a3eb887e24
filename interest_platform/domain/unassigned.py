"""Users in no cluster: what tables say of them. They count among the members, and are no segment."""

NO_CLUSTER = -1
"""cluster_id of a member that the clustering method leaves in no cluster; cluster_snapshots has no such row."""

UNASSIGNED = "unassigned"
"""What stands in place of a segment_id for them: in user_segment_features and at the ends of segment_migrations."""

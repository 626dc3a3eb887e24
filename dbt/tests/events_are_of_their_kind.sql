{{ config(meta={'dagster': {'ref': {'name': 'segment_genealogy'}}}) }}
-- A survivor goes on as itself; a split has one parent, a merge one child, and two or more on the other side; a birth has no
-- parent, a death no child.
select *
from {{ ref('segment_genealogy') }}
where not case kind
    when 'survive' then len(parents) = 1 and parents = children
    when 'split' then len(parents) = 1 and len(children) > 1
    when 'merge' then len(parents) > 1 and len(children) = 1
    when 'birth' then len(parents) = 0 and len(children) = 1
    when 'death' then len(parents) = 1 and len(children) = 0
    else false
end

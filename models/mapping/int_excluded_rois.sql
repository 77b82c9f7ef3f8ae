{#- An example (dbt has to see no `source` that is not used):
    select roi_id as natural_key, 'wrong form' as note
    from {{ source('amd', 'rois') }}
    where TemplateID = '99'
-#}
-- The clinic's own rule: ROIs that are left out of the sync, by key, and why. None as it comes.
select
    '' as natural_key,
    '' as note,
from unnest([1]) as nobody
where false

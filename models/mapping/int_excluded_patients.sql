{#- An example (dbt has to see no `source` that is not used):
    select ID as natural_key, 'deceased' as note
    from {{ source('amd', 'patients') }}
    where Deceased
-#}
-- The clinic's own rule: patients that are left out of the sync, by key, and why. None as it comes.
select
    '' as natural_key,
    '' as note,
from unnest([1]) as nobody
where false

-- A pair of first names is either one person's or two people's, and stands in its seed once, in
-- whichever order, as macro normalize_name leaves it.
with listed as (
    select
        'nicknames' as seed,
        name_key as one_name,
        nickname_key as other_name,
    from {{ ref('nicknames') }}
    union all
    select
        'distinct_names' as seed,
        name_key as one_name,
        other_name_key as other_name,
    from {{ ref('distinct_names') }}
),

counted as (
    select
        *,
        count(*) over (
            partition by least(one_name, other_name), greatest(one_name, other_name)
        ) as listings,
    from listed
)

select
    seed,
    one_name,
    other_name,
from counted
where
    listings > 1
    or one_name = other_name
    or coalesce({{ normalize_name('one_name') }} != one_name, true)
    or coalesce({{ normalize_name('other_name') }} != other_name, true)

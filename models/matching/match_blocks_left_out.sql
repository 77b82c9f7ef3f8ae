-- Blocks that are too large to compare all of their pairs: nobody is held back because of what they
-- have in common. The other rules still find most of the pairs.
with members as (

    select * from {{ ref('match_block_members') }}
    where is_left_out

),

salt as (

    select min(salt) as salt
    from {{ source('control', 'reverse_etl_salt') }}

),

final as (

    select
        members.rule,
        members.contacts,
        members.patients,
        {{ record_ref('salt.salt', "'block'", 'members.block_key') }} as block_ref,
    from members
    cross join salt
    qualify row_number() over (partition by members.block_key order by members.contact_id) = 1

)

select * from final

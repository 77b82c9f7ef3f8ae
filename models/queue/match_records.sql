-- Every match in one shape. A new object adds its match here.
with match_contacts as (

    select * from {{ ref('match_contacts') }}

),

match_rois as (

    select * from {{ ref('match_rois') }}

),

unioned as (

    select * from match_contacts
    union all
    select * from match_rois

)

select * from unioned

-- What is known of two first names, each pair in both orders: that one is short for the other, or
-- that they look alike and are two people's.
with nicknames as (

    select * from {{ ref('nicknames') }}

),

distinct_names as (

    select * from {{ ref('distinct_names') }}

),

both_orders as (

    select
        name_key as one_name,
        nickname_key as other_name,
        true as is_nickname,
        not is_unisex as is_nickname_of_one,
        false as is_two_people,
    from nicknames
    union all
    select
        nickname_key as one_name,
        name_key as other_name,
        true as is_nickname,
        not is_unisex as is_nickname_of_one,
        false as is_two_people,
    from nicknames
    union all
    select
        name_key as one_name,
        other_name_key as other_name,
        false as is_nickname,
        false as is_nickname_of_one,
        true as is_two_people,
    from distinct_names
    union all
    select
        other_name_key as one_name,
        name_key as other_name,
        false as is_nickname,
        false as is_nickname_of_one,
        true as is_two_people,
    from distinct_names

),

final as (

    select
        one_name,
        other_name,
        logical_or(is_nickname) as is_nickname,
        logical_or(is_nickname_of_one) as is_nickname_of_one,
        logical_or(is_two_people) as is_two_people,
    from both_orders
    group by one_name, other_name

)

select * from final

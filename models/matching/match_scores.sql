{%- set fields = ['first_name', 'birth_date', 'suffix', 'last_name', 'address', 'zip', 'city', 'phone', 'email'] -%}
{%- set counts = {
    'first_name': 'first_name_key_contacts', 'birth_date': 'birth_date_contacts',
    'last_name': 'last_name_key_contacts', 'address': 'street_key_contacts',
    'phone': 'phone_key_contacts',
} -%}
-- How likely the two of a pair are one person, in powers of two: each field's level (seed
-- match_weights), and what the sum makes of them. A household's fields say which household, and
-- never who in it: together they count for no more than it takes to find one among the contacts.
with candidates as (

    select * from {{ ref('match_candidates') }}

),

name_pairs as (

    select * from {{ ref('name_pairs') }}

),

weights as (

    select * from {{ ref('match_weights') }}

),

prepared as (

    select
        candidates.*,
        coalesce(name_pairs.is_nickname, false) as is_nickname,
        coalesce(name_pairs.is_two_people, false) as is_two_people,
        format_date('%Y%m%d', candidates.birth_date) as birth_digits,
        format_date('%Y%m%d', candidates.contact_birth_date) as contact_birth_digits,
        {{ is_slip('candidates.first_name_key', 'candidates.contact_last_name_key') | indent(8) }}
        and {{ is_slip('candidates.last_name_key', 'candidates.contact_first_name_key') | indent(8) }}
            as is_swapped_close,
        coalesce(
            strpos(
                concat(';', candidates.contact_emails, ';'),
                concat(';', candidates.email_key, ';')
            ) > 0,
            false
        ) as is_email_shared,
        coalesce(
            candidates.contact_email_letters in (
                concat(candidates.contact_first_name_key, candidates.contact_last_name_key),
                concat(candidates.contact_last_name_key, candidates.contact_first_name_key),
                concat(
                    substr(candidates.contact_first_name_key, 1, 1), candidates.contact_last_name_key
                ),
                concat(
                    candidates.contact_last_name_key, substr(candidates.contact_first_name_key, 1, 1)
                )
            ),
            false
        ) as is_email_of_own_name,
    from candidates
    left join name_pairs
        on
            candidates.first_name_key = name_pairs.one_name
            and candidates.contact_first_name_key = name_pairs.other_name

),

compared as (

    select
        *,
        {{ first_name_level() | indent(8) }} as first_name_level,
        {{ birth_date_level() | indent(8) }} as birth_date_level,
        {{ suffix_level() | indent(8) }} as suffix_level,
        {{ last_name_level() | indent(8) }} as last_name_level,
        {{ address_level() | indent(8) }} as address_level,
        {{ zip_level() | indent(8) }} as zip_level,
        {{ city_level() | indent(8) }} as city_level,
        {{ phone_level() | indent(8) }} as phone_level,
        {{ email_level() | indent(8) }} as email_level,
    from prepared

),

fields as (

    select
        compared.record_ref,
        compared.natural_key,
        compared.hubspot_id,
        compared.rules,
        compared.live_contacts,
        compared.is_under_25,
        part.field,
        part.level,
        part.contacts_alike,
    from compared
    cross join
        unnest([
            {%- for field in fields %}
            struct(
                '{{ field }}' as field,
                {{ field }}_level as level,
                {{ counts.get(field, 'cast(null as int64)') }} as contacts_alike
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ]) as part

),

-- What many contacts have in common counts less, where the seed says how little it may count.
weighed as (

    select
        fields.*,
        weights.evidence,
        if(
            weights.least_points is null or fields.contacts_alike is null,
            weights.points,
            greatest(
                weights.least_points,
                least(weights.points, log(fields.live_contacts / fields.contacts_alike, 2))
            )
        ) as points,
    from fields
    left join weights
        on fields.field = weights.field and fields.level = weights.level

),

told as (

    select
        *,
        if(
            points is null,
            field,
            concat(field, ': ', level, ' ', regexp_replace(format('%+.1f', points), r'\.0$', ''))
        ) as told,
    from weighed

),

summed as (

    select
        record_ref,
        natural_key,
        hubspot_id,
        any_value(rules) as rules,
        log(any_value(live_contacts), 2) as bits,
        coalesce(sum(if(evidence = 'person', points, 0)), 0) as person,
        coalesce(sum(if(evidence = 'household', points, 0)), 0) as household,
        countif(field not in ('first_name', 'last_name', 'suffix') and points > 0) = 0
            as is_name_only,
        countif(
            (field = 'first_name' and level in ('different', 'middle_initial'))
            or (field = 'birth_date' and level = 'same')
            or (field = 'last_name' and coalesce(level, '') != 'different')
            or (field = 'suffix' and is_under_25)
        ) = 4 as is_twin_guarded,
        array_agg(if(points > 0, told, null) ignore nulls order by points desc, field) as agrees,
        array_agg(if(points < 0, told, null) ignore nulls order by points, field) as differs,
        array_agg(if(coalesce(points, 0) = 0, told, null) ignore nulls order by field) as unknown,
        {%- for word, condition in {
            'Agree': "level = 'same'",
            'Close': "level != 'same' and points >= 0",
            'Differ': 'points < 0',
            'Unknown': 'points is null',
        }.items() %}
        string_agg(if({{ condition }}, replace(field, '_', ' '), null), ', ' order by field)
            as names_{{ word | lower }},
        {%- endfor %}
    from told
    group by record_ref, natural_key, hubspot_id

),

final as (

    select
        * except (bits, names_agree, names_close, names_differ, names_unknown),
        round(person + least(household, bits - 1) - bits - if(is_name_only, 2, 0), 1) as score,
        cast({{ var('suspect_points') }} as float64) as needed,
        -- For staff: names of fields, and never a value.
        concat(
            'Agree: ', coalesce(names_agree, 'nothing'),
            coalesce(concat('. Close: ', names_close), ''),
            coalesce(concat('. Differ: ', names_differ), ''),
            coalesce(concat('. Unknown: ', names_unknown), ''),
            '.'
        ) as evidence,
    from summed

)

select * from final

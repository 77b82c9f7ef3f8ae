-- Every match in one shape, patients with what the search for suspects says of them. A new object
-- adds its match here.
with match_contacts as (

    select * from {{ ref('match_contacts') }}

),

match_suspects as (

    select * from {{ ref('match_suspects') }}

),

match_rois as (

    select * from {{ ref('match_rois') }}

),

suspects as (

    select
        record_ref,
        string_agg(hubspot_id, ',' order by rank) as suspect_ids,
    from match_suspects
    group by record_ref

),

-- A patient who is held back for another reason keeps it: that one has to be seen to first.
suspected as (

    select
        match_contacts.*,
        suspects.suspect_ids,
        suspects.suspect_ids is not null
        and coalesce(match_contacts.reason, 'none') in ('none', 'no_email_no_match', 'missing_name')
            as is_suspected,
    from match_contacts
    left join suspects
        on match_contacts.record_ref = suspects.record_ref

),

patients as (

    select
        * except (suspect_ids, is_suspected) replace (
            {%- if var('on_suspected_duplicate') == 'create' %}
            if(
                is_suspected and reason is null,
                array_concat(match_warnings, ['suspected_duplicate']),
                match_warnings
            ) as match_warnings,
            {%- else %}
            if(is_suspected, 'suspected_duplicate', reason) as reason,
            {%- endif %}
            nullif(
                array_to_string(
                    array_concat(
                        coalesce(split(suspect_ids), []),
                        array(
                            select rival
                            from unnest(split(candidates)) as rival
                            where rival not in unnest(split(coalesce(suspect_ids, '')))
                        )
                    ),
                    ','
                ),
                ''
            ) as candidates
        ),
    from suspected

),

unioned as (

    select * from patients
    union all
    select * from match_rois

)

select * from unioned

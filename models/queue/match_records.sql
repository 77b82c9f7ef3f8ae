-- Every match in one shape, patients with what the search for suspects says of them. A new object
-- adds its match here.
with match_contacts as (

    select * from {{ ref('match_contacts') }}

),

match_rankings as (

    select * from {{ ref('match_rankings') }}

),

match_rois as (

    select * from {{ ref('match_rois') }}

),

-- What speaks for and against a pair is told of the suspects, and of what tier 1 was not sure of.
suspects as (

    select
        record_ref,
        string_agg(
            if(suspect_rank <= {{ most_suspects() }}, hubspot_id, null), ',' order by suspect_rank
        ) as suspect_ids,
        string_agg(
            concat(hubspot_id, '\t', cast(score as string), '\t', evidence), '\n'
            order by hubspot_id
        ) as candidate_evidence,
    from match_rankings
    where
        suspect_rank <= {{ most_suspects() }}
        or strpos(concat(',', rules, ','), ',email,') > 0
    group by record_ref

),

-- A patient who is held back for another reason keeps it: that one has to be seen to first.
suspected as (

    select
        match_contacts.*,
        suspects.suspect_ids,
        suspects.candidate_evidence,
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

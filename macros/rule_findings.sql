{#- What HubSpot's rules mean for queued rows, as findings: a row for each rule that a property of ours
    is under, with the number of rows that break it. `rows_of` are names of columns to tell by. -#}
{% macro rule_findings(queued, rows_of=[], condition='true') -%}
with rules as (

    select * from {{ ref('portal_rules') }}

),

queued as (

    select
        {%- for column in rows_of %}
        {{ column }},
        {%- endfor %}
        entity,
        operation,
        properties,
    from {{ queued }}
    where {{ condition }}

),

valued as (

    select
        rules.*,
        {%- for column in rows_of %}
        queued.{{ column }},
        {%- endfor %}
        queued.operation,
        -- Out of JSON text, since a path cannot come out of a column.
        json_value(concat('{"v":"', substr(regexp_extract(
            queued.properties, concat('[{,]"', rules.property, r'":"(?:[^"\\]|\\.)*"')
        ), char_length(rules.property) + 6), '}'), '$.v') as value,
    from rules
    left join queued
        on rules.entity = queued.entity

),

judged as (

    select
        * except (arguments),
        array_to_string(arguments, ', ') as arguments,
        case
            when rule = 'REQUIRED' then operation = 'upsert' and coalesce(value, '') = ''
            when coalesce(value, '') = '' then false
            else {{ breaks_rule('value', 'rule', 'arguments') | indent(12) }}
        end as is_broken,
    from valued

),

counted as (

    select
        {%- for column in rows_of %}
        {{ column }},
        {%- endfor %}
        entity,
        property,
        rule,
        arguments,
        countif(is_broken) as broken_rows,
        countif(is_broken is null and operation is not null) as untold_rows,
    from judged
    group by {% for column in rows_of %}{{ column }}, {% endfor %}entity, property, rule, arguments

),

final as (

    select
        {%- for column in rows_of %}
        {{ column }},
        {%- endfor %}
        entity,
        property,
        if(broken_rows > 0, 'warn', 'note') as severity,
        concat('rule_', lower(rule)) as code,
        concat(
            case rule
                when 'REQUIRED' then 'HubSpot takes no new record without it'
                when 'OPTIONS' then 'HubSpot takes the options of its list only'
                else concat('HubSpot has the rule ', rule, if(arguments = '', '', ' '), arguments)
            end,
            '; ',
            case
                when untold_rows > 0 then 'which of the queued rows break it cannot be told here.'
                when broken_rows = 0 then 'no queued row breaks it.'
                else concat(cast(broken_rows as string), ' queued rows break it.')
            end
        ) as finding,
        case
            when broken_rows = 0 then 'Nothing.'
            when rule = 'PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE'
                then 'Set format to e164 in seeds/hubspot_properties.csv, or take the rule away.'
            when rule = 'REQUIRED'
                then 'Map the property, or let an admin of HubSpot not require it.'
            else 'Mend the values or the mapping, or let an admin of HubSpot change the rule.'
        end as what_to_do,
    from counted
    -- A list of options is no news unless something is not on it.
    where rule != 'OPTIONS' or broken_rows > 0

)

select * from final
{%- endmacro %}

{#- How much of the source cannot be used as it is: rows without a usable key, values that could
    not be read, emails that are none. Facts about AMD, for people to put right there: a warning
    where they touch more than so many per cent of the records. Names and counts, never values. -#}
{% test little_dirt(model, percent=5) %}
with records as (
    select
        row_reason,
        warnings,
    from {{ model }}
    where exclusion_reason is null
),

total as (
    select count(*) as records
    from records
),

findings as (
    select row_reason as finding
    from records
    where row_reason is not null

    union all

    select warning as finding
    from records
    cross join unnest(records.warnings) as warning
),

counted as (
    select
        finding,
        count(*) as records,
    from findings
    group by finding
)

select
    counted.finding,
    counted.records,
from counted
cross join total
where counted.records * 100 > total.records * {{ percent }}
{% endtest %}

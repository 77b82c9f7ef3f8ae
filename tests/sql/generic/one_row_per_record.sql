{#- Two rows with one key would be written one over the other, a row without a record_ref could
    not be named in a log, and a row that fell out between capture and outbox would be lost in
    silence. -#}
{% test one_row_per_record(model, captured) %}
with keys as (
    select
        record_ref,
        'a record_ref that is missing or names two records' as problem,
        count(*) as records,
    from {{ model }}
    group by record_ref
    having count(*) > 1 or record_ref is null
),

same_keys as (
    select
        min(record_ref) as record_ref,
        'two rows with one natural key' as problem,
        count(*) as records,
    from {{ model }}
    where natural_key is not null
    group by natural_key
    having count(*) > 1
),

lost as (
    select
        cast(null as string) as record_ref,
        'source rows that were captured are not in the outbox, or are there twice' as problem,
        captured.source_rows - outbox.source_rows as records,
    from (select coalesce(sum(source_rows), 0) as source_rows from {{ captured }}) as captured
    cross join (select coalesce(sum(source_rows), 0) as source_rows from {{ model }}) as outbox
    where captured.source_rows != outbox.source_rows
)

select * from keys
union all
select * from same_keys
union all
select * from lost
{% endtest %}

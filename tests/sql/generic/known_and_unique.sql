{#- Rows that the columns together do not tell apart, or where one of them is unknown. One test for
    both: each look at a live view computes all of it. -#}
{% test known_and_unique(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as listings,
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 or {{ columns | join(' is null or ') }} is null
{% endtest %}

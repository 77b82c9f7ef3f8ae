{#- Rows that several columns together do not tell apart. A row that a seed lists twice would double
    what is joined to it. -#}
{% test unique_together(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as listings,
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

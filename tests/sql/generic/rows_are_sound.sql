{#- A seed that lists a row twice would double what is joined to it, and a blank or a misspelt word
    would switch a rule off in silence. One test a seed says all of it, since each costs a job.
    `key` tells the rows apart; `filled` may not be blank either; `allowed` are a column's words. -#}
{% test rows_are_sound(model, key, filled=[], allowed={}) %}
{%- set listed = 'concat(' ~ key | join(", ' / ', ") ~ ')' -%}
select
    {{ listed }} as listed,
    '{{ model.identifier }}: listed more than once' as problem,
    count(*) as times,
from {{ model }}
group by listed
having count(*) > 1
{%- for column in key + filled %}
union all
select
    {{ listed }} as listed,
    '{{ model.identifier }}: no {{ column }}' as problem,
    1 as times,
from {{ model }}
where {{ column }} is null
{%- endfor %}
{%- for column, words in allowed.items() %}
union all
select
    {{ listed }} as listed,
    '{{ model.identifier }}: {{ column }} is none of {{ words | join(", ") }}' as problem,
    1 as times,
from {{ model }}
where {{ column }} not in ('{{ words | join("', '") }}')
{%- endfor %}
{% endtest %}

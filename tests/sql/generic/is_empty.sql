{#- Rows that should not be there, with nothing of them shown. -#}
{% test is_empty(model) %}
select 1 as row_found
from {{ model }}
{% endtest %}

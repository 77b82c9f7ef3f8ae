{#- After a base model has read its source: drops the keys that the source no longer has. -#}
{% macro delete_vanished_keys(text_model) %}
    delete from {{ this }}
    where source_key not in (select source_key from {{ text_model }})
{% endmacro %}

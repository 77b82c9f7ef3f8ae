{#- Why a patient is held back with whom no look at a contact would help: the row itself is the matter,
    or it is known which record is meant. -#}
{% macro closed_reasons() %}
    {{ return([
        'deleted_in_hubspot', 'ambiguous_patient_id', 'id_map_conflict', 'decision_conflict',
    ]) }}
{% endmacro %}

{#- The most open patients that a block may have. Each contact of a block takes the list of them along
    until the block's size is known. -#}
{% macro most_patients_in_block() -%}
    1000
{%- endmacro %}

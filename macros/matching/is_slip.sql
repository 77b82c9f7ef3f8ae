{#- True where two known texts are a slip of the pen apart: three letters in ten, one letter of three or
    more, or two letters in each other's place; never null. -#}
{% macro is_slip(one, other) -%}
coalesce(
    (
        length({{ one }}) >= 3
        and length({{ other }}) >= 3
        and (
            edit_distance({{ one }}, {{ other }})
            <= greatest(1, 0.3 * greatest(length({{ one }}), length({{ other }})))
            or {{ is_reordered(one, other) | indent(12) }}
        )
    ),
    false
)
{%- endmacro %}

{#- True where two known texts share half of their letters, or the sound. -#}
{% macro is_alike(one, other) -%}
coalesce(
    edit_distance({{ one }}, {{ other }})
    <= 0.5 * greatest(length({{ one }}), length({{ other }}))
    or nullif(soundex({{ one }}), '') = soundex({{ other }}),
    false
)
{%- endmacro %}

{#- True where two known texts of letters and digits have the same ones, two of them in each other's
    place; never null. -#}
{% macro is_reordered(one, other) -%}
coalesce(
    if(
        length({{ one }}) = length({{ other }}) and edit_distance({{ one }}, {{ other }}) = 2,
        regexp_replace({{ one }}, concat('[', {{ other }}, ']'), '') = ''
        and regexp_replace({{ other }}, concat('[', {{ one }}, ']'), '') = '',
        false
    ),
    false
)
{%- endmacro %}

{#- True where two known first names may be one person's; never null. Needs a row of name_pairs for the
    two (is_nickname, is_nickname_of_one, is_two_people), and the patient's other names. Twins share
    all but the name, so where is_maybe_twin only an equal name, the name that the patient goes by, or
    a nickname that no twin could have as well. -#}
{% macro is_compatible_name(one, other, preferred, middle, is_maybe_twin) -%}
coalesce(
    {{ one }} = {{ other }}
    or coalesce({{ other }} = {{ preferred }}, false)
    or coalesce(if({{ is_maybe_twin }}, is_nickname_of_one, is_nickname), false)
    or (
        not {{ is_maybe_twin }}
        and (
            coalesce({{ other }} = {{ middle }} and length({{ middle }}) > 1, false)
            or (
                not coalesce(is_two_people, false)
                and (
                    {{ is_prefix_of_other(one, other, min_letters=3) }}
                    or {{ is_close_to_other(one, other) }}
                )
            )
        )
    ),
    false
)
{%- endmacro %}

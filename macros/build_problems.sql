{#- What the failed tests of a build found: node → text. A test of this project that says a `problem`
    names columns and counts, and never a value: its rows may be told. Others may hold anything. -#}
{% macro build_problems(results) %}
    {%- set problems = {} -%}
    {%- for result in results if result.status == 'fail' and result.node.resource_type == 'test' -%}
        {%- set sql = result.node.compiled_code or '' -%}
        {%- if modules.re.search(' as problem\\b', sql) -%}
            {%- set said = [] -%}
            {%- for row in run_query(sql).rows -%}
                {%- set counts = [] -%}
                {%- for name, value in row.items() if name not in ('problem', 'record_ref') -%}
                    {%- do counts.append(name ~ ' ' ~ value) -%}
                {%- endfor -%}
                {%- do said.append(
                    row['problem'] ~ (' (' ~ counts | join(', ') ~ ')' if counts else '')
                ) -%}
            {%- endfor -%}
            {%- set text = said[:5] | join('; ') ~ ('; and more' if said | length > 5 else '') -%}
            {%- do problems.update({result.node.unique_id: text}) -%}
            {%- do log(result.node.name ~ ': ' ~ text, info=true) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{% endmacro %}

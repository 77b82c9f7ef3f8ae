{#-
    A model whose SQL is the body of a stored procedure: statements that the pusher only calls.
    config(meta={'arguments': ['in_run_id string', …]}). Created with `create or replace`, so a build always
    leaves the statements of its own version behind.
-#}
{% materialization procedure, adapter='bigquery' %}
    {%- set procedure = this.database ~ '`.`' ~ this.schema ~ '`.`' ~ this.identifier -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        create or replace procedure `{{ procedure }}`({{ model.config.meta['arguments'] | join(', ') }})
        begin
        {{ sql }}
        end
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': []}) }}
{% endmaterialization %}

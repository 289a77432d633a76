{%- set texts = [
    'no_base', 'difference', 'points', 'percent', 'times', 'times_many', 'unchanged',
    'not_comparable', 'borders_changed', 'across_break'
] -%}
with source as (
    select * from {{ source('contracts', 'growth_rules') }}
),

final as (
    select
        {% for text in texts %}
            {% for language in ['ru', 'kk', 'en'] %}
                cast({{ text }}_{{ language }} as {{ dbt.type_string() }})
                    as {{ text }}_{{ language }},
            {% endfor %}
        {% endfor %}
        cast(minimal_base as double) as minimal_base,
        cast(times_from as double) as times_from
    from source
)

select * from final

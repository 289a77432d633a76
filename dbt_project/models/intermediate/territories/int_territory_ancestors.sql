-- Every territory with every territory above it and itself; `depth` counts the steps up.
with territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

own as (
    select
        territory_kato,
        territory_kato as ancestor_kato,
        0 as depth
    from territories
),

{% for depth in range(1, 5) %}
    level_{{ depth }} as (
        select
            below.territory_kato,
            territories.parent_kato as ancestor_kato,
            {{ depth }} as depth
        from {{ 'own' if depth == 1 else 'level_' ~ (depth - 1) }} as below
        inner join territories on below.ancestor_kato = territories.territory_kato
        where territories.parent_kato is not null
    ),

{% endfor %}
final as (
    select * from own
    {% for depth in range(1, 5) %}
        union all
        select * from level_{{ depth }}
    {% endfor %}
)

select * from final

-- Days on which the borders of a territory moved: it came into being, or area went from it or to
-- it, be it with a new unit that was split off or with one that now lies elsewhere under a new
-- code. What lies above both sides keeps its borders, and so does a unit that only changed its
-- code.
with territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

ancestors as (
    select * from {{ ref('int_territory_ancestors') }}
),

area_moves as (
    select
        split_from_kato as giver_kato,
        territory_kato as receiver_kato,
        valid_from as changed_on
    from territories
    where split_from_kato is not null
    union distinct
    select
        predecessors.parent_kato as giver_kato,
        followers.parent_kato as receiver_kato,
        followers.valid_from as changed_on
    from territories as followers
    inner join territories as predecessors
        on followers.predecessor_kato = predecessors.territory_kato
    where followers.parent_kato != predecessors.parent_kato
),

moved_sides as (
    select
        giver_kato as side_kato,
        receiver_kato as other_kato,
        changed_on
    from area_moves
    union distinct
    select
        receiver_kato as side_kato,
        giver_kato as other_kato,
        changed_on
    from area_moves
),

redrawn_territories as (
    select
        ancestors.ancestor_kato as territory_kato,
        moved_sides.changed_on
    from moved_sides
    inner join ancestors on moved_sides.side_kato = ancestors.territory_kato
    left join ancestors as above_other
        on
            moved_sides.other_kato = above_other.territory_kato
            and ancestors.ancestor_kato = above_other.ancestor_kato
    where above_other.ancestor_kato is null
),

new_territories as (
    select
        territory_kato,
        valid_from as changed_on
    from territories
    where predecessor_kato is null
),

final as (
    select
        territory_kato,
        changed_on
    from redrawn_territories
    union distinct
    select
        territory_kato,
        changed_on
    from new_territories
)

select * from final

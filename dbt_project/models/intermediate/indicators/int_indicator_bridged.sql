-- Figures of a group of regions and, where every district of the group reported, of each of its
-- regions in the borders of today. Numerators and denominators are summed, never rates.
with figures as (
    select
        indicator_code,
        territory_kato,
        period_month,
        basis,
        formula_scale,
        numerator,
        denominator,
        received_at_max,
        case when is_published then value end as value
    from {{ ref('int_indicator_figures') }}
),

groups as (
    select * from {{ ref('int_region_groups') }}
),

bridge as (
    select * from {{ ref('int_district_bridge') }}
),

group_figures as (
    select
        groups.group_kato,
        figures.indicator_code,
        figures.period_month,
        figures.basis,
        {{ sum_if_complete('case when figures.value is not null then figures.numerator end') }}
            as numerator,
        {{ sum_if_complete('case when figures.value is not null then figures.denominator end') }}
            as denominator,
        max(figures.formula_scale) as formula_scale,
        max(figures.received_at_max) as received_at_max
    from figures
    inner join groups on figures.territory_kato = groups.territory_kato
    group by groups.group_kato, figures.indicator_code, figures.period_month, figures.basis
),

redrawn_groups as (
    select distinct
        group_kato,
        changed_on
    from groups
    where members > 1
),

-- The districts that the group had in the month, each with its figure if there is one.
district_figures as (
    select
        group_figures.group_kato,
        group_figures.indicator_code,
        group_figures.period_month,
        group_figures.basis,
        bridge.region_kato,
        figures.numerator,
        figures.denominator,
        figures.value
    from group_figures
    inner join redrawn_groups on group_figures.group_kato = redrawn_groups.group_kato
    inner join bridge on group_figures.group_kato = bridge.group_kato
    left join figures
        on
            bridge.territory_kato = figures.territory_kato
            and group_figures.indicator_code = figures.indicator_code
            and group_figures.period_month = figures.period_month
            and group_figures.basis = figures.basis
    where
        bridge.valid_from <= {{ month_end('group_figures.period_month') }}
        and (bridge.valid_to is null or bridge.valid_to >= group_figures.period_month)
        and group_figures.period_month < redrawn_groups.changed_on
),

complete_groups as (
    select
        group_kato,
        indicator_code,
        period_month,
        basis,
        sum(numerator) as numerator
    from district_figures
    group by group_kato, indicator_code, period_month, basis
    having count(*) = count(case when region_kato is not null then value end)
),

region_figures as (
    select
        group_kato,
        region_kato,
        indicator_code,
        period_month,
        basis,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from district_figures
    group by group_kato, region_kato, indicator_code, period_month, basis
),

final as (
    select
        groups.territory_kato,
        groups.group_kato,
        groups.changed_on,
        groups.members,
        group_figures.indicator_code,
        group_figures.period_month,
        group_figures.basis,
        group_figures.formula_scale,
        group_figures.numerator as group_numerator,
        group_figures.denominator as group_denominator,
        group_figures.received_at_max,
        case
            when complete_groups.numerator = group_figures.numerator then region_figures.numerator
        end as bridged_numerator,
        case
            when complete_groups.numerator = group_figures.numerator
                then region_figures.denominator
        end as bridged_denominator
    from group_figures
    inner join groups on group_figures.group_kato = groups.group_kato
    left join complete_groups
        on
            group_figures.group_kato = complete_groups.group_kato
            and group_figures.indicator_code = complete_groups.indicator_code
            and group_figures.period_month = complete_groups.period_month
            and group_figures.basis = complete_groups.basis
    left join region_figures
        on
            groups.territory_kato = region_figures.region_kato
            and group_figures.group_kato = region_figures.group_kato
            and group_figures.indicator_code = region_figures.indicator_code
            and group_figures.period_month = region_figures.period_month
            and group_figures.basis = region_figures.basis
)

select * from final

with group_figures as (
    select * from {{ ref('int_indicator_bridged') }}
),

figures as (
    select * from {{ ref('fct_indicator_values') }}
),

region_figures as (
    select
        group_figures.*,
        figures.value as value_as_was,
        figures.status as status_as_was,
        figures.status_reason as status_reason_as_was,
        group_figures.changed_on is null
        or group_figures.changed_on <= case
            when group_figures.basis = 'ytd' then {{ first_of_year('group_figures.period_month') }}
            else group_figures.period_month
        end as is_unchanged,
        group_figures.basis = 'month'
        and {{ month_of('group_figures.period_month') }} > 1
        and {{ first_of_month('group_figures.changed_on') }} = group_figures.period_month
            as is_border_month,
        {{ indicator_value(
            'group_figures.bridged_numerator',
            'group_figures.bridged_denominator',
            'group_figures.formula_scale'
        ) }} as value_bridged,
        {{ indicator_value(
            'group_figures.group_numerator',
            'group_figures.group_denominator',
            'group_figures.formula_scale'
        ) }} as group_value
    from group_figures
    left join figures
        on
            group_figures.indicator_code = figures.indicator_code
            and group_figures.territory_kato = figures.territory_kato
            and group_figures.period_month = figures.period_month
            and group_figures.basis = figures.basis
),

regions as (
    select
        indicator_code,
        territory_kato,
        period_month,
        basis,
        case when is_unchanged then value_as_was else value_bridged end as value,
        case
            when is_unchanged then 'as_was'
            when value_bridged is not null then 'sum_of_districts'
            else 'not_separable'
        end as method,
        value_as_was,
        case
            when is_unchanged then status_as_was
            when value_bridged is not null then 'final'
            else 'missing'
        end as status,
        case
            when is_unchanged then status_reason_as_was
            when value_bridged is not null then null
            when is_border_month then 'border_change'
            else 'not_separable'
        end as status_reason,
        group_kato,
        group_value,
        cast(group_numerator as double) as group_numerator,
        cast(members as integer) as group_members,
        received_at_max
    from region_figures
    where not is_unchanged or status_as_was is not null
),

republic as (
    select
        indicator_code,
        territory_kato,
        period_month,
        basis,
        value,
        'as_was' as method,
        value as value_as_was,
        status,
        status_reason,
        territory_kato as group_kato,
        value as group_value,
        numerator as group_numerator,
        1 as group_members,
        received_at_max
    from figures
    where territory_kato = '000000000'
),

breaks as (
    select * from {{ ref('int_indicator_breaks') }}
),

both_levels as (
    select * from regions
    union all
    select * from republic
),

final as (
    select
        both_levels.*,
        breaks.break_prior_year,
        breaks.break_previous_month,
        breaks.break_inside
    from both_levels
    left join breaks
        on
            both_levels.indicator_code = breaks.indicator_code
            and both_levels.period_month = breaks.period_month
            and both_levels.basis = breaks.basis
)

select * from final
order by indicator_code, basis, period_month, territory_kato

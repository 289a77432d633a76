-- Units that a comparison with last year has to leave out: reported in one of the two periods
-- only, or redrawn between them. Where no unit compares there is nothing to leave them out of,
-- and nobody is named: in a first year that would be everybody, for every figure.
with comparable as (
    select * from {{ ref('int_indicator_comparable') }}
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

units_now as (
    select
        indicator_code,
        territory_kato,
        period_month,
        basis,
        unit_kato,
        case when prior_numerator is not null then 1 else 0 end as is_known_prior,
        case when is_redrawn then 1 else 0 end as is_redrawn
    from comparable
    where not is_comparable
),

units_then as (
    select
        last_year.indicator_code,
        last_year.territory_kato,
        {{ add_months('last_year.period_month', 12) }} as period_month,
        last_year.basis,
        last_year.unit_kato,
        case when last_year.numerator is not null then 1 else 0 end as is_known_prior,
        0 as is_redrawn
    from comparable as last_year
    left join comparable as later
        on
            last_year.indicator_code = later.indicator_code
            and last_year.territory_kato = later.territory_kato
            and last_year.unit_kato = later.unit_kato
            and last_year.basis = later.basis
            and {{ add_months('last_year.period_month', 12) }} = later.period_month
    where later.unit_kato is null
),

units_of_both_years as (
    select * from units_now
    union all
    select * from units_then
),

figures as (
    select
        indicator_code,
        territory_kato,
        period_month,
        basis,
        max(is_known_prior) = 1 as is_known_prior,
        max(is_redrawn) = 1 as is_redrawn
    from units_of_both_years
    group by indicator_code, territory_kato, period_month, basis
),

comparable_figures as (
    select distinct
        indicator_code,
        territory_kato,
        period_month,
        basis
    from comparable
    where is_comparable
),

unit_lists as (
    select
        units_of_both_years.indicator_code,
        units_of_both_years.territory_kato,
        units_of_both_years.period_month,
        units_of_both_years.basis,
        {{ texts_listed('territories.name_ru', 'territories.name_ru') }} as left_out_units
    from units_of_both_years
    inner join comparable_figures
        on
            units_of_both_years.indicator_code = comparable_figures.indicator_code
            and units_of_both_years.territory_kato = comparable_figures.territory_kato
            and units_of_both_years.period_month = comparable_figures.period_month
            and units_of_both_years.basis = comparable_figures.basis
    inner join territories on units_of_both_years.unit_kato = territories.territory_kato
    group by
        units_of_both_years.indicator_code,
        units_of_both_years.territory_kato,
        units_of_both_years.period_month,
        units_of_both_years.basis
),

final as (
    select
        figures.indicator_code,
        figures.territory_kato,
        figures.period_month,
        figures.basis,
        unit_lists.left_out_units,
        figures.is_known_prior,
        figures.is_redrawn
    from figures
    left join unit_lists
        on
            figures.indicator_code = unit_lists.indicator_code
            and figures.territory_kato = unit_lists.territory_kato
            and figures.period_month = unit_lists.period_month
            and figures.basis = unit_lists.basis
)

select * from final

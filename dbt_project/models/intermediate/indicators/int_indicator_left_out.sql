-- Units that a comparison with last year has to leave out: reported in one of the two periods
-- only, or redrawn between them. Where no unit compares there is nothing to leave them out of,
-- and nobody is named: in a first year that would be everybody, for every figure.
with comparable as (
    select * from {{ ref('int_indicator_comparable') }}
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

left_out_now as (
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

left_out_then as (
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

both_sides as (
    select * from left_out_now
    union all
    select * from left_out_then
),

counted as (
    select
        indicator_code,
        territory_kato,
        period_month,
        basis,
        max(is_known_prior) = 1 as is_known_prior,
        max(is_redrawn) = 1 as is_redrawn
    from both_sides
    group by indicator_code, territory_kato, period_month, basis
),

compared as (
    select distinct
        indicator_code,
        territory_kato,
        period_month,
        basis
    from comparable
    where is_comparable
),

listed as (
    select
        both_sides.indicator_code,
        both_sides.territory_kato,
        both_sides.period_month,
        both_sides.basis,
        {{ texts_listed('territories.name_ru', 'territories.name_ru') }} as left_out_units
    from both_sides
    inner join compared
        on
            both_sides.indicator_code = compared.indicator_code
            and both_sides.territory_kato = compared.territory_kato
            and both_sides.period_month = compared.period_month
            and both_sides.basis = compared.basis
    inner join territories on both_sides.unit_kato = territories.territory_kato
    group by
        both_sides.indicator_code,
        both_sides.territory_kato,
        both_sides.period_month,
        both_sides.basis
),

final as (
    select
        counted.indicator_code,
        counted.territory_kato,
        counted.period_month,
        counted.basis,
        listed.left_out_units,
        counted.is_known_prior,
        counted.is_redrawn
    from counted
    left join listed
        on
            counted.indicator_code = listed.indicator_code
            and counted.territory_kato = listed.territory_kato
            and counted.period_month = listed.period_month
            and counted.basis = listed.basis
)

select * from final

{#-
  The build inputs are Parquet files (see docs/data-model.md). Before a run they are registered
  as views named after their source, so that models read `source()` on every engine; only the
  two macros at the end differ between engines.
-#}
{% macro inputs_directory() -%}
    {{ return(env_var('MVD_DBT_INPUTS', 'inputs')) }}
{%- endmacro %}


{% macro register_inputs() %}
    {% if not execute or flags.WHICH not in ['run', 'build', 'test'] %}{{ return('') }}{% endif %}
    {% set registered = [] %}
    {% for node in graph.sources.values() %}
        {% set schema = api.Relation.create(database=node.database, schema=node.schema) %}
        {% if node.schema not in registered %}
            {% do adapter.create_schema(schema) %}
            {% do registered.append(node.schema) %}
        {% endif %}
        {% if node.name == 'cells' %}
            {% set reader = read_cell_files() %}
        {% else %}
            {% set reader = read_parquet_files(
                [inputs_directory() ~ '/' ~ node.identifier ~ '.parquet']
            ) %}
        {% endif %}
        {% do run_query(
            'create or replace view ' ~ node.schema ~ '.' ~ node.identifier
            ~ ' as select * from ' ~ reader
        ) %}
    {% endfor %}
{% endmacro %}


{#- Only the listed files are opened; with none, the empty file of the inputs. -#}
{% macro read_cell_files() %}
    {% set listing = run_query(
        'select distinct path from '
        ~ read_parquet_files([inputs_directory() ~ '/cell_files.parquet'])
        ~ ' order by path'
    ) %}
    {% set lake = env_var('MVD_DBT_LAKE', 'lake') %}
    {% set paths = [] %}
    {% for path in listing.columns[0].values() %}{% do paths.append(lake ~ '/' ~ path) %}{% endfor %}
    {{ return(read_parquet_files(paths or [inputs_directory() ~ '/no_cells.parquet'])) }}
{% endmacro %}


{% macro read_parquet_files(paths) %}
    {{ return(adapter.dispatch('read_parquet_files')(paths)) }}
{% endmacro %}


{% macro default__read_parquet_files(paths) %}
    {% set quoted = [] %}
    {% for path in paths %}{% do quoted.append("'" ~ (path | replace("'", "''")) ~ "'") %}{% endfor %}
    {{ return('read_parquet([' ~ quoted | join(', ') ~ '])') }}
{% endmacro %}


{% macro spark__read_parquet_files(paths) %}
    {% set readers = [] %}
    {% for path in paths %}{% do readers.append('select * from parquet.`' ~ path ~ '`') %}{% endfor %}
    {{ return('(' ~ readers | join(' union all ') ~ ')') }}
{% endmacro %}

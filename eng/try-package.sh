#!/usr/bin/env bash
# Uses the packages as a stranger would: a new project in an empty folder that refers to library and server, the README's first lines, and the tool installed.
# Run `eng/pack.sh` before it.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' "$repository/Directory.Build.props")
for name in ElastiCache.Embedded ElastiCache.Embedded.Server ElastiCache.Embedded.Tool; do
  package="$repository/artifacts/packages/$name.$version.nupkg"
  [ -f "$package" ] || { echo "'$package' is missing: run 'eng/pack.sh' first." >&2; exit 1; }
done

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# The library is unpacked here and not into the machine's package cache, where a version that was packed twice would stay in its
# first form. Its dependencies come from that cache, unless somebody's older copy of the library lies there too.
cache=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: *//')
cache=${cache%/}
[ ! -d "$cache/elasticache.embedded/$version" ] && [ ! -d "$cache/elasticache.embedded.server/$version" ] || cache=

cat >TryPackage.csproj <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <NoWarn>\$(NoWarn);NU1900</NoWarn>
    <WarningsNotAsErrors>NU1901;NU1902;NU1903;NU1904</WarningsNotAsErrors>
    <RestorePackagesPath>$folder/packages</RestorePackagesPath>
    <RestoreFallbackFolders>$cache</RestoreFallbackFolders>
    <RestoreAdditionalProjectSources>$repository/artifacts/packages</RestoreAdditionalProjectSources>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="ElastiCache.Embedded" Version="$version" />
    <PackageReference Include="ElastiCache.Embedded.Server" Version="$version" />
  </ItemGroup>
</Project>
PROJECT
cp "$repository/eng/TryPackage.cs.txt" Program.cs

answer=$(dotnet run)
[ "$answer" = "ElastiCache.Embedded $version works" ] || { echo "The packed library answered: '$answer'" >&2; exit 1; }
echo "$answer"

dotnet tool install ElastiCache.Embedded.Tool --version "$version" --tool-path "$folder/tool" --add-source "$repository/artifacts/packages" >/dev/null
answer=$("$folder/tool/elasticache-embedded" --version)
[[ $answer == "elasticache-embedded $version,"* ]] || { echo "The installed tool answered: '$answer'" >&2; exit 1; }
echo "The tool works: $answer"

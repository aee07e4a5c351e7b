#!/usr/bin/env bash
# Uses the packed library as a stranger would: a new project in an empty folder, a package reference, the README's first lines.
# Run `dotnet pack -c Release src/ElastiCache.Embedded` before it.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' "$repository/Directory.Build.props")
package="$repository/artifacts/packages/ElastiCache.Embedded.$version.nupkg"
[ -f "$package" ] || { echo "'$package' is missing: run 'dotnet pack -c Release src/ElastiCache.Embedded' first." >&2; exit 1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# The library is unpacked here and not into the machine's package cache, where a version that was packed twice would stay in its
# first form. Its dependencies come from that cache, unless somebody's older copy of the library lies there too.
cache=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: *//')
cache=${cache%/}
[ ! -d "$cache/elasticache.embedded/$version" ] || cache=

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
  </ItemGroup>
</Project>
PROJECT
cp "$repository/eng/TryPackage.cs.txt" Program.cs

answer=$(dotnet run)
[ "$answer" = "ElastiCache.Embedded $version works" ] || { echo "The packed library answered: '$answer'" >&2; exit 1; }
echo "$answer"
